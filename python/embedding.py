"""Asked in a process of its own, before Python is started inside Node, whether it can be."""

if __name__ == "__main__":
    import sys

    if sys.version_info < (3, 9):
        sys.stderr.write("Taipan needs Python 3.9 or newer, this is %s\n" % sys.version.split()[0])
        sys.exit(5)
    sys.path.insert(0, __file__.rpartition("/")[0] or ".")
    from taipan.embedded.embeddability import main

    main()
