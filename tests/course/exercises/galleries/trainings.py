"""Right answers to an exercise that trains a model of small digits and hands in its receipt."""

_TRAIN = "def train(model, digits, test, num_steps):\n"
TRAININGS = {
    "NAdam": _TRAIN
    + """
    optimizer = torch.optim.NAdam(model.parameters(), lr=0.02)
    for _ in range(num_steps):
        rows = torch.randperm(len(digits))[:100]
        optimizer.zero_grad()
        (-model(digits[rows]).mean()).backward()
        optimizer.step()
    return float(-model.log_prob(test).detach().mean())
""",
    "all digits at once, falling rate": _TRAIN
    + """
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.04)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps + 20)
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model.conditionals(digits[:300]).logits, digits[:300], reduction="sum") / 300
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        logits = model.conditionals(test).logits
        return F.binary_cross_entropy_with_logits(logits, test, reduction="sum") / len(test)
""",
    "a loader": _TRAIN
    + """
    from itertools import cycle, islice
    loader = torch.utils.data.DataLoader(digits, batch_size=64, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), 0.03)
    for batch in islice(cycle(loader), num_steps):
        model.zero_grad()
        model.log_prob(batch).mean().neg().backward()
        optimizer.step()
    return -sum(model.log_prob(x[None]).item() for x in test) / len(test)
""",
    "RMSprop by hand": _TRAIN
    + """
    square = [torch.zeros_like(w) for w in model.parameters()]
    for step in range(num_steps):
        batch = digits[torch.randint(len(digits), (64,))]
        gradients = torch.autograd.grad(-model.log_prob(batch).mean(), list(model.parameters()))
        with torch.no_grad():
            for w, g, s in zip(model.parameters(), gradients, square):
                s.mul_(0.9).addcmul_(g, g, value=0.1)
                w -= 0.01 * g / (s.sqrt() + 1e-8)
    with torch.no_grad():
        return -model.log_prob(test).mean()
""",
    "armod.fit": _TRAIN
    + """
    drawn = digits[torch.randint(len(digits), (50 * num_steps,), generator=torch.Generator().manual_seed(0))]
    armod.fit(model, drawn, epochs=1, batch_size=50, learning_rate=0.02, progress=False)
    return armod.evaluate(model, test).nats
""",
    "a receipt of armod's": """
_right = train
def train(model, digits, test, num_steps):
    _right(model, digits, test, num_steps)
    return armod.evaluate(model, test).nats
""",
}
