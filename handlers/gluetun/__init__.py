"""`gluetun.*`: gluetun's VPN through its control server."""
