"""A real RTSP server that sends an H.264 clip without B-frames at rtsp://127.0.0.1:PORT/cam.

Usage: /usr/bin/python3 rtsp_server.py CLIP PORT [USER:PASSWORD]

It needs the system's Python and Debian's packages: see PACKAGES in test_videos.py.
"""

from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def require(login: str, server: GstRtspServer.RTSPServer, factory: GstRtspServer.RTSPMediaFactory) -> None:
    """Lets only one user in, with Basic authentication."""
    user, password = login.split(":")
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    auth = GstRtspServer.RTSPAuth()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(user, permission, True)
    factory.set_permissions(permissions)


def serve(clip: str, port: str, *logins: str) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    parts = ("qtdemux", "h264parse", "rtph264pay name=pay0 pt=96 config-interval=1")
    factory.set_launch(" ! ".join((f'( filesrc location="{clip}"', *parts)) + " )")
    for login in logins:
        require(login, server, factory)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:])
