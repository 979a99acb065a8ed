"""The three workspaces. A panel emits what the person wants and is told what to show; it holds no session."""
