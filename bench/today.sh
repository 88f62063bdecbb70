#!/bin/sh
# The way of today's tools: inotifywait, then a fork of curl that logs in and one that sets the port.
# usage: today.sh FILE URL USER PASSWORD
dir=$(dirname "$1")
echo ready
inotifywait -q -m -e close_write "$dir" | while read -r _; do
  port=$(cat "$1")
  sid=$(curl -s -i -d "username=$3&password=$4" "$2/api/v2/auth/login" | sed -n 's/^set-cookie: \(SID=[^;]*\).*/\1/ip')
  curl -s -b "$sid" -d "json={\"listen_port\":$port}" "$2/api/v2/app/setPreferences"
done
