"""Quality assurance of reduced Hubble images; each package is a directory beside this one's."""
