"""What commands share: options, messages, reading recordings."""
