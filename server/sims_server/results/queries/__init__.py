"""Every SELECT of results: what is listed, what is judged, what is explained."""
