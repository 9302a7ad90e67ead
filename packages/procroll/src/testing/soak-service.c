/* A service that starts within a millisecond, answers HTTP on the socket at fd 3, and loses no request when it is stopped.
 * Its argument names a file. A generation that finds the word `crash` there exits at once, one that finds `hang` is never ready. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENER 3
#define MOST_CONNECTIONS 64

static int stop_pipe[2];

static void ask_to_stop(int signal) {
  (void)signal;
  if (write(stop_pipe[1], "", 1) < 0) return;
}

static void notify(const char *text) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd;
  if (path == NULL || strlen(path) >= sizeof address.sun_path) return;
  strcpy(address.sun_path, path);
  /* A new socket each time, so that a notify socket that was made again is found. */
  if ((fd = socket(AF_UNIX, SOCK_DGRAM, 0)) < 0) return;
  if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address) < 0) perror(text);
  close(fd);
}

static int finds(const char *file, const char *word) {
  char text[16] = "";
  int fd = open(file, O_RDONLY);
  if (fd < 0) return 0;
  if (read(fd, text, sizeof text - 1) < 0) text[0] = '\0';
  close(fd);
  return strncmp(text, word, strlen(word)) == 0;
}

/* Answers once the whole request is there. Returns whether the connection is done with. */
static int serve(int fd) {
  char request[4096], answer[128], body[32];
  ssize_t length = recv(fd, request, sizeof request - 1, MSG_PEEK | MSG_DONTWAIT);
  if (length < 0) return errno != EAGAIN;
  request[length] = '\0';
  if (length > 0 && strstr(request, "\r\n\r\n") == NULL) return 0;
  if (length > 0) {
    if (recv(fd, request, (size_t)length, 0) < 0) return 1;
    snprintf(body, sizeof body, "%d\n", (int)getpid());
    length = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                      strlen(body), body);
    if (send(fd, answer, (size_t)length, MSG_NOSIGNAL) < 0) perror("send");
    shutdown(fd, SHUT_WR);
  }
  return 1;
}

/* One line for each turn fills a log that nobody reads. It never waits for a reader. */
static void log_turn(void) {
  static char line[200] = "turn ";
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (line[5] == '\0') memset(line + 5, '.', sizeof line - 6), line[sizeof line - 1] = '\n';
  if (poll(&out, 1, 0) == 1 && write(STDOUT_FILENO, line, sizeof line) < 0) perror("stdout");
}

int main(int argc, char **argv) {
  struct pollfd watched[MOST_CONNECTIONS + 2];
  int connections = 0, stopping = 0;
  if (argc != 2 || finds(argv[1], "crash") || pipe(stop_pipe) != 0) return 3;
  signal(SIGTERM, ask_to_stop);
  signal(SIGPIPE, SIG_IGN);
  if (!finds(argv[1], "hang")) notify("READY=1");
  fcntl(LISTENER, F_SETFL, O_NONBLOCK);
  for (;;) {
    int i, count = 0;
    watched[count++] = (struct pollfd){.fd = stop_pipe[0], .events = POLLIN};
    watched[count++] = (struct pollfd){.fd = stopping || connections == MOST_CONNECTIONS ? -1 : LISTENER, .events = POLLIN};
    for (i = 0; i < connections; i++) watched[count + i].events = POLLIN;
    if (stopping && connections == 0) return 0;
    if (poll(watched, (nfds_t)(count + connections), 200) < 0 && errno != EINTR) return 1;
    notify("WATCHDOG=1");
    if (watched[0].revents != 0) stopping = 1;
    for (i = 0; i < connections;) {
      if (watched[count + i].revents == 0 || !serve(watched[count + i].fd)) { i++; continue; }
      close(watched[count + i].fd);
      watched[count + i] = watched[count + --connections];
    }
    if (!stopping && watched[1].revents != 0) {
      int fd = accept(LISTENER, NULL, NULL);
      if (fd >= 0) watched[count + connections++] = (struct pollfd){.fd = fd};
    }
    log_turn();
  }
}
