// The echo server on libuv: what Node's own loop costs without Node.

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

// As in the reference: one buffer for all, and no message fills it exactly.
static char receive_buffer[256 * 1024 + 4096];

struct connection {
  uv_tcp_t socket;
  uv_write_t write;
  char *tail;
};

static void check(int status, const char *what) {
  if (status >= 0) return;
  fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
  exit(1);
}

static void on_close(uv_handle_t *handle) {
  free(handle->data);
}

static void destroy(struct connection *connection) {
  if (uv_is_closing((uv_handle_t *)&connection->socket)) return;
  uv_close((uv_handle_t *)&connection->socket, on_close);
}

static void offer_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
  (void)handle;
  (void)suggested;
  *buffer = uv_buf_init(receive_buffer, sizeof receive_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

static void on_written(uv_write_t *write, int status) {
  struct connection *connection = write->data;
  free(connection->tail);
  connection->tail = NULL;
  if (status < 0) destroy(connection);
  else uv_read_start((uv_stream_t *)&connection->socket, offer_buffer, on_read);
}

static void write_tail(struct connection *connection, const char *bytes, size_t length) {
  connection->tail = malloc(length);
  if (connection->tail == NULL) return destroy(connection);
  memcpy(connection->tail, bytes, length);
  uv_stream_t *stream = (uv_stream_t *)&connection->socket;
  uv_read_stop(stream);
  uv_buf_t rest = uv_buf_init(connection->tail, (unsigned)length);
  connection->write.data = connection;
  if (uv_write(&connection->write, stream, &rest, 1, on_written) < 0) destroy(connection);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
  struct connection *connection = stream->data;
  if (length == 0) return;
  if (length < 0) return destroy(connection);
  uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)length);
  int written = uv_try_write(stream, &answer, 1);
  if (written == UV_EAGAIN) written = 0;
  if (written < 0) return destroy(connection);
  if (written < length) {
    write_tail(connection, buffer->base + written, (size_t)(length - written));
  }
}

static void on_connection(uv_stream_t *listener, int status) {
  if (status < 0) return;
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) return;
  check(uv_tcp_init(listener->loop, &connection->socket), "uv_tcp_init");
  connection->socket.data = connection;
  uv_stream_t *stream = (uv_stream_t *)&connection->socket;
  if (uv_accept(listener, stream) < 0) return destroy(connection);
  uv_tcp_nodelay(&connection->socket, 1);
  uv_read_start(stream, offer_buffer, on_read);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  uv_tcp_t listener;
  struct sockaddr_in address;
  int length = sizeof address;
  check(uv_ip4_addr("127.0.0.1", 0, &address), "uv_ip4_addr");
  check(uv_tcp_init(loop, &listener), "uv_tcp_init");
  check(uv_tcp_bind(&listener, (struct sockaddr *)&address, 0), "uv_tcp_bind");
  check(uv_listen((uv_stream_t *)&listener, 4096, on_connection), "uv_listen");
  check(uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &length), "getsockname");
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return uv_run(loop, UV_RUN_DEFAULT);
}
