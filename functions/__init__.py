"""Every operation and every reaction, a file each; a folder is an area, and `ls` of it is its API."""
