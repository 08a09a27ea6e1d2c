package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// raw passes messages as they are: the test encodes and decodes them.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (raw) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

type event struct {
	Event    string      `json:"event"`
	Of       string      `json:"of"`
	Code     int         `json:"code,omitempty"`
	Message  string      `json:"message,omitempty"`
	Bytes    []byte      `json:"bytes,omitempty"`
	Metadata metadata.MD `json:"metadata,omitempty"`
}

var writing sync.Mutex

func tell(e event) {
	writing.Lock()
	defer writing.Unlock()
	line, _ := json.Marshal(e)
	fmt.Println(string(line))
}

func ended(of string, err error) {
	if err == io.EOF {
		err = nil
	}
	known := status.Convert(err)
	tell(event{Event: "end", Of: of, Code: int(known.Code()), Message: known.Message()})
}

type call struct {
	stream grpc.ClientStream
	cancel context.CancelFunc
}

func client(args []string) error {
	flags := flag.NewFlagSet("client", flag.ExitOnError)
	addr := flags.String("addr", "", "host:port")
	var tls files
	tls.register(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	config, err := tls.config()
	if err != nil {
		return err
	}
	channel, err := grpc.NewClient(*addr,
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})),
	)
	if err != nil {
		return err
	}
	defer channel.Close()
	calls := map[string]*call{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	tell(event{Event: "ready"})
	for lines.Scan() {
		words := append(strings.Fields(lines.Text()), "", "", "")
		do, of, path := words[0], words[1], words[2]
		message, err := base64.StdEncoding.DecodeString(words[3])
		if err != nil {
			return err
		}
		switch do {
		case "stream":
			calls[of] = open(channel, of, path, message)
		case "send":
			_ = calls[of].stream.SendMsg(&message)
		case "half-close":
			_ = calls[of].stream.CloseSend()
		case "cancel":
			calls[of].cancel()
		case "unary":
			go unary(channel, of, path, message)
		case "quit":
			return nil
		}
	}
	return lines.Err()
}

func open(channel *grpc.ClientConn, of, path string, message []byte) *call {
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := channel.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, path)
	if err != nil {
		ended(of, err)
		return &call{stream, cancel}
	}
	_ = stream.SendMsg(&message)
	go func() {
		if headers, err := stream.Header(); err == nil {
			tell(event{Event: "headers", Of: of, Metadata: headers})
		}
		for {
			var answer []byte
			if err := stream.RecvMsg(&answer); err != nil {
				ended(of, err)
				return
			}
			tell(event{Event: "message", Of: of, Bytes: answer})
		}
	}()
	return &call{stream, cancel}
}

func unary(channel *grpc.ClientConn, of, path string, message []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var answer []byte
	err := channel.Invoke(ctx, path, &message, &answer)
	if err == nil {
		tell(event{Event: "message", Of: of, Bytes: answer})
	}
	ended(of, err)
}
