#!/usr/bin/env bash
# Sends one batch of two events to a collector, as a program without our SDK would: examples/post_batch.sh [COLLECTOR_URL] [WRITE_KEY]
#
# The answer says how many events are in Kafka for good. Sending the same batch again is safe: an event is known by its
# tab and number, and counts once.
set -euo pipefail
collector=${1:-http://127.0.0.1:8080}
key=${2:-demo-shop-key}

uuid() { cat /proc/sys/kernel/random/uuid; }
now_ms=$(date +%s%3N)

curl --fail-with-body --silent --show-error --max-time 20 \
  "$collector/v1/events" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' --data @- <<JSON
{
  "batch_id": "$(uuid)", "batch_seq": 0, "visitor_id": "$(uuid)", "tab_id": "$(uuid)", "page_view_id": "$(uuid)",
  "sent_at": $now_ms,
  "page": {"url": "https://shop.example/boxes", "title": "Boxes", "viewport": [1280, 720], "language": "en"},
  "events": [
    {"seq": 0, "type": "page_view", "at": $((now_ms - 900)), "navigation": "navigate"},
    {"seq": 1, "type": "click", "at": $((now_ms - 100)), "x": 44.5, "y": 31, "button": 0,
     "element": {"path": "main>form>button#buy", "tag": "button", "id": "buy", "text": "Buy now"}}
  ]
}
JSON
echo
