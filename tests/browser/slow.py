"""A browser as slow as on a busy machine, and what a page is told late comes late: ``ARMOD_SLOW_BROWSER=6``.

A test that reads once what arrives a moment later passes here today and fails somewhere tomorrow. With this, it fails here: the
page computes so many times slower, and whatever a browser does after the handler of an event (observers, frames, folds that say
that they opened, unpacked bytes, messages to a kernel) comes a good while later.
"""

from __future__ import annotations

import os
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

RATE = float(os.environ.get("ARMOD_SLOW_BROWSER", "1"))
LATE = """(() => {
    const later = globalThis.setTimeout.bind(globalThis);
    const LATE = 150;
    for (const name of ["ResizeObserver", "IntersectionObserver"]) {
        globalThis[name] = class extends globalThis[name] {
            constructor(react, ...options) { super((...told) => later(() => react(...told), LATE), ...options); }
        };
    }
    const frame = globalThis.requestAnimationFrame.bind(globalThis);
    globalThis.requestAnimationFrame = (react) => frame(() => later(() => frame(react), LATE));
    const listen = EventTarget.prototype.addEventListener;
    const COMES_LATE = new Set(["toggle", "scroll", "resize"]);
    EventTarget.prototype.addEventListener = function (kind, react, ...options) {
        const heard = COMES_LATE.has(kind) && typeof react === "function"
            ? (...told) => later(() => react.apply(this, told), LATE) : react;
        return listen.call(this, kind, heard, ...options);
    };
    const { arrayBuffer } = Response.prototype;
    Response.prototype.arrayBuffer = async function () {
        await new Promise((done) => later(done, LATE));
        return arrayBuffer.call(this);
    };
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (message) { later(() => { if (this.readyState === 1) send.call(this, message); }, LATE); };
})()"""


def slowed(browser: Browser) -> Browser:
    """The same browser, whose pages are slow from now on."""
    make_context = browser.new_context

    def new_context(**options: Any) -> BrowserContext:
        context = make_context(**options)
        make_page = context.new_page

        def new_page() -> Page:
            page = make_page()
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": RATE})
            return page

        context.new_page = new_page  # type: ignore[method-assign]
        context.add_init_script(LATE)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    browser.new_page = lambda **options: new_context(**options).new_page()  # type: ignore[method-assign]
    return browser
