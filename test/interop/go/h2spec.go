package main

import (
	"flag"
	"fmt"
	"net"
	"strconv"
	"time"

	spec "github.com/summerwind/h2spec"
	"github.com/summerwind/h2spec/config"
)

func h2spec(args []string) error {
	flags := flag.NewFlagSet("h2spec", flag.ExitOnError)
	addr := flags.String("addr", "", "host:port")
	path := flags.String("path", "/", "what is asked for")
	report := flags.String("report", "", "file for the report")
	timeout := flags.Duration("timeout", 2*time.Second, "wait for an answer")
	verbose := flags.Bool("verbose", false, "write all frames")
	if err := flags.Parse(args); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(*addr)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	passed, err := spec.Run(&config.Config{
		Host:         host,
		Port:         number,
		Path:         *path,
		Timeout:      *timeout,
		MaxHeaderLen: 4000,
		JUnitReport:  *report,
		Strict:       true,
		TLS:          true,
		Insecure:     true,
		Verbose:      *verbose,
		Sections:     flags.Args(),
	})
	fmt.Println("all passed:", passed)
	return err
}
