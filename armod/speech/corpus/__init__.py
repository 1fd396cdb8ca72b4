"""How the data set "prompts" is made: transcripts, alignment of phones, choice and split.

It needs pocketsphinx (``pip install 'armod[dev]'``) and two Debian packages; LICENSES.md in ``armod/data`` has the commands.
"""
