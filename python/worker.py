"""The script of a worker. Children of `multiprocessing` import it again, for its finder."""

if __name__ == "__main__":
    import sys

    if sys.version_info < (3, 9):
        sys.stderr.write("Taipan needs Python 3.9 or newer, this is %s\n" % sys.version.split()[0])
        sys.exit(5)
    sys.path.insert(0, __file__.rpartition("/")[0] or ".")
    from taipan.worker import main

    main()

elif __name__ == "__mp_main__":
    import sys

    sys.path.insert(0, __file__.rpartition("/")[0] or ".")
    from taipan.loader.files import FileModuleFinder

    del sys.path[0]
    sys.meta_path.append(FileModuleFinder())
