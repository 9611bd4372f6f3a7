#!/bin/bash
# answers PORT PATH: succeeds when this container's own server answers 200 there. Saves an HTTP client in the image.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
IFS= read -r -t 2 status <&3
[[ $status == *" 200 "* ]]
