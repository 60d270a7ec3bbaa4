"""The browser's rooms: runs to look at, patients to practise with. Served on this machine alone unless asked otherwise."""
