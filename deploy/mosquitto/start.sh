#!/bin/sh
# Makes the password file from the environment, and from /mosquitto/config/devices (lines of
# mosquitto_passwd for devices and further gateways) where that is mounted; then becomes the broker.
set -eu
mkdir -p /mosquitto/run
passwords=/mosquitto/run/passwords
if [ -f /mosquitto/config/devices ]; then cp /mosquitto/config/devices "$passwords"; else : > "$passwords"; fi
mosquitto_passwd -b "$passwords" service "$MQTT_PASSWORD"
mosquitto_passwd -b "$passwords" demo-gateway "$MQTT_GATEWAY_PASSWORD"
chown mosquitto "$passwords" /mosquitto/data
chmod 0600 "$passwords"
exec mosquitto -c /mosquitto/config/mosquitto.conf
