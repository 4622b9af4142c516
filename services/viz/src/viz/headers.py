"""The content policy of viz's pages."""

__all__ = ["content_policy"]


def content_policy(scripts: str, *, connect: str = "'self'") -> str:
    """A Content-Security-Policy that names no outside host; `scripts` says which scripts run beside our own files.

    Plotly and Bokeh write style attributes, hence `'unsafe-inline'` for styles.
    """
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        f"font-src 'self' data:; connect-src {connect}; worker-src 'self' blob:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
