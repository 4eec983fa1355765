<?php
header("Content-Type: text/plain");
print("Hello, World!\n");
