// link NETNS DELAY_US MBIT: a point-to-point link between this network namespace and the one at the path NETNS, made of two
// TUN devices named "hermes0": every packet arrives DELAY_US microseconds after it was sent at MBIT megabits per second, each
// way. Stands in for tc-netem, which not every kernel has. Prints "ready"; the caller gives the devices addresses. The
// devices carry segments of up to 64 KiB with their virtio header, so that a fast link costs little processor time.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_LIMIT = 1 << 17, SLOTS = 8192, QUEUE_MS = 30 };

struct packet {
    uint64_t due;
    int size;
    char *bytes;
};

struct way {
    int from, to;
    struct packet queue[SLOTS];
    unsigned first, end;
    uint64_t line_free;
    size_t queued;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int make_device(void) {
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (device < 0) fail("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    strcpy(request.ifr_name, "hermes0");
    int header = sizeof(struct virtio_net_hdr);
    if (ioctl(device, TUNSETIFF, &request) || ioctl(device, TUNSETVNETHDRSZ, &header) ||
        ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4))
        fail("hermes0");
    return device;
}

static void take(struct way *way, double ns_per_byte, uint64_t delay, size_t limit) {
    static char buffer[PACKET_LIMIT];
    for (int count = 0; count < 64; count++) {
        ssize_t size = read(way->from, buffer, sizeof buffer);
        if (size <= 0) return;
        // A full queue drops, as a switch does; TCP slows down.
        if (way->end - way->first == SLOTS || way->queued + (size_t)size > limit) continue;
        uint64_t time = now();
        if (way->line_free < time) way->line_free = time;
        way->line_free += (uint64_t)((double)size * ns_per_byte);
        struct packet *packet = &way->queue[way->end++ % SLOTS];
        packet->bytes = malloc((size_t)size);
        if (!packet->bytes) fail("malloc");
        memcpy(packet->bytes, buffer, (size_t)size);
        packet->size = (int)size;
        packet->due = way->line_free + delay;
        way->queued += (size_t)size;
    }
}

// Sends what is due, and returns when the next packet will be; UINT64_MAX for none.
static uint64_t deliver(struct way *way) {
    uint64_t time = now();
    while (way->first != way->end) {
        struct packet *packet = &way->queue[way->first % SLOTS];
        if (packet->due > time) return packet->due;
        if (write(way->to, packet->bytes, (size_t)packet->size) < 0 && errno == EAGAIN) return time + 20000;
        way->queued -= (size_t)packet->size;
        free(packet->bytes);
        way->first++;
    }
    return UINT64_MAX;
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: link NETNS DELAY_US MBIT\n");
        return 2;
    }
    uint64_t delay = strtoull(words[2], NULL, 10) * 1000;
    double megabits = atof(words[3]);
    size_t limit = (size_t)(megabits * 125 * QUEUE_MS) + 4 * PACKET_LIMIT;
    int here = make_device();
    int space = open(words[1], O_RDONLY);
    if (space < 0 || setns(space, CLONE_NEWNET)) fail(words[1]);
    int there = make_device();
    static struct way ways[2];
    ways[0].from = ways[1].to = here;
    ways[0].to = ways[1].from = there;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (timer < 0) fail("timerfd");
    puts("ready");
    fflush(stdout);
    for (;;) {
        uint64_t next = UINT64_MAX;
        for (int index = 0; index < 2; index++) {
            uint64_t due = deliver(&ways[index]);
            if (due < next) next = due;
        }
        struct itimerspec alarm = {0};
        if (next != UINT64_MAX) {
            alarm.it_value.tv_sec = (time_t)(next / 1000000000);
            alarm.it_value.tv_nsec = (long)(next % 1000000000);
        }
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &alarm, NULL);
        struct pollfd events[3] = {{here, POLLIN, 0}, {there, POLLIN, 0}, {timer, POLLIN, 0}};
        poll(events, 3, -1);
        uint64_t ticks;
        if (events[2].revents && read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("timer");
        for (int index = 0; index < 2; index++)
            if (events[index].revents & POLLIN) take(&ways[index], 8000 / megabits, delay, limit);
    }
}
