// libmosquitto, an MQTT client.
#ifndef OSPREY_CMOSQUITTO_H
#define OSPREY_CMOSQUITTO_H

#include <mosquitto.h>

#endif
