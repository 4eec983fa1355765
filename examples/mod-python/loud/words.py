"""The filter of the tutorial of mod_python."""


def shout(filter):
    text = filter.read()
    while text:
        filter.write(text.upper())
        text = filter.read()
    if text is None:
        filter.close()
