"""The Python half of Taipan: runs web applications that a Node.js process serves."""
