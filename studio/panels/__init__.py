"""Panels of the workspaces. A panel emits the user's intents and is told what to show; it holds no session."""
