"""Mobile: what people are told, wherever they are; a notice informs and never decides."""
