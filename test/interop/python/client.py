"""Python's grpcio in the hands of a test.

Opens what it is told on standard input over one channel, and writes what happens as lines of JSON.
"""

import argparse
import base64
import json
import queue
import sys
import threading

import grpc

END = object()
writing = threading.Lock()


def tell(**event):
    with writing:
        print(json.dumps(event), flush=True)


def ended(of, error):
    code = error.code() if error is not None else grpc.StatusCode.OK
    message = error.details() if error is not None else ""
    tell(event="end", of=of, code=code.value[0], message=message or "")


class Call:
    def __init__(self, channel, of, path, message):
        self.of = of
        self.requests = queue.Queue()
        self.requests.put(message)
        self.call = channel.stream_stream(path)(iter(self.requests.get, END))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            headers = {}
            for name, value in self.call.initial_metadata():
                headers.setdefault(name, []).append(str(value))
            tell(event="headers", of=self.of, metadata=headers)
            for answer in self.call:
                tell(event="message", of=self.of, bytes=base64.b64encode(answer).decode())
            ended(self.of, None)
        except grpc.RpcError as error:
            ended(self.of, error)
        except grpc.FutureCancelledError:
            tell(event="end", of=self.of, code=1, message="cancelled here")


def unary(channel, of, path, message):
    # With a deadline it may hang on a connection for twenty seconds, not longer.
    try:
        answer = channel.unary_unary(path)(message, timeout=20)
        tell(event="message", of=of, bytes=base64.b64encode(answer).decode())
        ended(of, None)
    except grpc.RpcError as error:
        ended(of, error)


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser()
    for name in ("addr", "ca", "cert", "key", "server-name"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    credentials = grpc.ssl_channel_credentials(
        read_file(options.ca), read_file(options.key), read_file(options.cert)
    )
    channel = grpc.secure_channel(
        options.addr,
        credentials,
        options=[
            ("grpc.ssl_target_name_override", options.server_name),
            ("grpc.keepalive_time_ms", 10_000),
            ("grpc.keepalive_timeout_ms", 5_000),
            ("grpc.http2.max_pings_without_data", 0),
        ],
    )
    calls = {}
    tell(event="ready", of="")
    for line in sys.stdin:
        words = [*line.split(), "", "", ""]
        do, of, path, message = words[0], words[1], words[2], base64.b64decode(words[3])
        if do == "stream":
            calls[of] = Call(channel, of, path, message)
        elif do == "send":
            calls[of].requests.put(message)
        elif do == "half-close":
            calls[of].requests.put(END)
        elif do == "cancel":
            calls[of].call.cancel()
        elif do == "unary":
            threading.Thread(
                target=unary, args=(channel, of, path, message), daemon=True
            ).start()
        elif do == "quit":
            break
    channel.close()


main()
