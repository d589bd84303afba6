// A DTLS 1.2 client or server on pion/dtls, for pre-shared keys.
//
//	peer version                    prints the version of pion/dtls
//	peer suites                     prints the numbers of its suites
//	peer client|server -flag=value… speaks; `peer client -h` lists the flags
//
// A line of standard input is sent as one record, with its line end. What comes is printed as it is. The end of standard input sends
// close_notify. Besides, it prints "listening", "connected <suite>", "closed by the other side" and "failed: <why>".
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
)

// largest is the longest line: the plaintext of a record.
const largest = 16384

func main() {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case "version":
		fmt.Println(version())
	case "suites":
		for id := 0; id <= 0xffff; id++ {
			// A suite without a name is called by its number; one name has dashes.
			if strings.HasPrefix(dtls.CipherSuiteName(dtls.CipherSuiteID(id)), "TLS") {
				fmt.Println(id)
			}
		}
	case "client", "server":
		if err := speak(role, os.Args[2:]); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	default:
		fmt.Fprintln(os.Stderr, "version, suites, client or server?")
		os.Exit(2)
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/pion/dtls/v3" {
			return module.Version
		}
	}
	return "unknown"
}

func speak(role string, arguments []string) error {
	flags := flag.NewFlagSet(role, flag.ExitOnError)
	port := flags.Int("port", 0, "of 127.0.0.1, to connect to or to listen on")
	psk := flags.String("psk", "", "the key, in hexadecimal")
	identity := flags.String("identity", "", "the client's identity")
	hint := flags.String("hint", "", "the server's identity hint")
	suite := flags.Int("suite", 0, "the only suite; 0: the default ones")
	mtu := flags.Int("mtu", 0, "bytes of a fragment; 0: the default")
	cookies := flags.Bool("cookies", true, "a server asks for a cookie")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	key, err := hex.DecodeString(*psk)
	if err != nil {
		return err
	}
	config := &dtls.Config{
		MTU:                     *mtu,
		InsecureSkipVerifyHello: !*cookies,
		PSK: func(given []byte) ([]byte, error) {
			if role == "server" && string(given) != *identity {
				return nil, errors.New("unknown identity")
			}
			return key, nil
		},
	}
	if role == "client" {
		config.PSKIdentityHint = []byte(*identity)
	} else if *hint != "" {
		config.PSKIdentityHint = []byte(*hint)
	}
	if *suite != 0 {
		config.CipherSuites = []dtls.CipherSuiteID{dtls.CipherSuiteID(*suite)}
	}
	address := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *port}
	conn, err := open(role, address, config)
	if err != nil {
		return err
	}
	handshakeTime, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := conn.HandshakeContext(handshakeTime); err != nil {
		return err
	}
	state, _ := conn.ConnectionState()
	fmt.Println("connected", dtls.CipherSuiteName(state.CipherSuiteID))
	return talk(conn)
}

func open(role string, address *net.UDPAddr, config *dtls.Config) (*dtls.Conn, error) {
	if role == "client" {
		return dtls.Dial("udp4", address, config)
	}
	listener, err := dtls.Listen("udp4", address, config)
	if err != nil {
		return nil, err
	}
	fmt.Println("listening")
	conn, err := listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn.(*dtls.Conn), nil
}

// talk returns when standard input has ended and close_notify is sent, or when the other side ends.
func talk(conn *dtls.Conn) error {
	var ending atomic.Bool
	go func() {
		lines := bufio.NewReaderSize(os.Stdin, largest)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				ending.Store(true)
				_ = conn.Close()
				os.Exit(0)
			}
			if _, err := conn.Write(line); err != nil {
				fmt.Println("failed:", err)
				os.Exit(1)
			}
		}
	}()
	buffer := make([]byte, largest)
	for {
		n, err := conn.Read(buffer)
		if err != nil && ending.Load() {
			select {} // Close is not done yet: it makes Read return before close_notify is out.
		}
		if errors.Is(err, io.EOF) {
			fmt.Println("closed by the other side")
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(os.Stdout, bytes.NewReader(buffer[:n])); err != nil {
			return err
		}
	}
}
