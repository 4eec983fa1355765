from Http import DisableBuffer, Header, Write

NAMES = {1: "Floppy disk", 2: "Null modem"}


def List():
    Write("".join(f'<li><a href="{number}">{name}</a>' for number, name in NAMES.items()))


def Show(Number):
    Name = NAMES.get(int(Number))
    if Name is None:
        Header(Status=404)
        return Write("<p>Sold out.")
    Write(f"<h1>{Name}</h1>")


def Export():
    Header("Content-Type: text/csv; charset=utf-8")
    DisableBuffer()
    for number, name in NAMES.items():
        Write(f"{number},{name}\r\n")
