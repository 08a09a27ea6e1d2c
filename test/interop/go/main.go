// Command peer is grpc-go, or h2spec, in the hands of a test.
//
// "peer client" opens what it is told on standard input over one channel and writes what happens as
// lines of JSON; "peer h2spec" runs h2spec and writes its report as JUnit XML to a file.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
)

type files struct {
	ca, cert, key, serverName string
}

func (f *files) register(flags *flag.FlagSet) {
	flags.StringVar(&f.ca, "ca", "", "authority of the server, PEM")
	flags.StringVar(&f.cert, "cert", "", "certificate chain to show, PEM")
	flags.StringVar(&f.key, "key", "", "its key, PEM")
	flags.StringVar(&f.serverName, "server-name", "", "name in the server's certificate")
}

func (f *files) config() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(f.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		RootCAs:      roots,
		ServerName:   f.serverName,
	}, nil
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: peer client|h2spec [flags]"))
	}
	run := map[string]func([]string) error{"client": client, "h2spec": h2spec}[os.Args[1]]
	if run == nil {
		fail(fmt.Errorf("no such command: %s", os.Args[1]))
	}
	if err := run(os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "peer:", err)
	os.Exit(1)
}
