from Http import Header, Write


def Request(Year, Month, Entry):
    Text = f"{Year}-{Month}: {Entry or 'all entries'}\n"
    Header("Content-Type: text/plain", Length=len(Text))
    Write(Text)
