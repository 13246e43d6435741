"""The platform on one machine: server, workflow runtime, event delivery, clock, sign-in and demo."""
