"""Structures: pictures of molecules and fragments, and the search for one in the other. RDKit is the workers' alone."""
