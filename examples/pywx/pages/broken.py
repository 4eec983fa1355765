raise RuntimeError("this page fails on purpose")
