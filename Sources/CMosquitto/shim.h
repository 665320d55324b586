// libmosquitto, an MQTT client.
#ifndef OSPREY_CMOSQUITTO_H
#define OSPREY_CMOSQUITTO_H

#include <mosquitto.h>
#include <sys/eventfd.h>

/// Makes a file that a thread can wait for with poll, and that others wake it by.
///
/// @return The file, or -1 with `errno`.
static inline int cmosquitto_wakeup(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

#endif
