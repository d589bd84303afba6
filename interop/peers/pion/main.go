// A DTLS 1.2 client or server on pion/dtls, for pre-shared keys. A server serves one client after the other.
//
//	peer version                    prints the version of pion/dtls
//	peer suites                     prints the numbers of its suites
//	peer client|server -flag=value… speaks; `peer client -h` lists the flags
//
// A line of standard input is sent as one record, with its line end. What comes is printed as it is. The end of standard input sends
// close_notify. Besides, it prints "listening", "connected <suite>, full|resumed", "closed by the other side", and "failed: <why>",
// with ", alert <number>" behind it when one has come.
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
			fail(err)
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
	ems := flags.Bool("ems", true, "the extended master secret")
	resume := flags.Bool("resume", false, "sessions can be resumed")
	file := flags.String("session", "", "the file in which a client keeps its sessions")
	cid := flags.Int("cid", -1, "bytes of the connection ID to be received with; -1: no connection IDs")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	key, err := hex.DecodeString(*psk)
	if err != nil {
		return err
	}
	sessions := &sessions{file: *file, byKey: map[string]dtls.Session{}}
	if err := sessions.load(); err != nil {
		return err
	}
	config := &dtls.Config{
		MTU:                     *mtu,
		InsecureSkipVerifyHello: !*cookies,
		KeyLogWriter:            sessions,
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
	if !*ems {
		config.ExtendedMasterSecret = dtls.DisableExtendedMasterSecret
	}
	if *resume {
		config.SessionStore = sessions
	}
	if *cid >= 0 {
		config.ConnectionIDGenerator = dtls.RandomCIDGenerator(*cid)
	}
	address := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *port}
	go sendLines()
	if role == "client" {
		conn, err := dtls.Dial("udp4", address, config)
		if err != nil {
			return err
		}
		return converse(conn, sessions)
	}
	return serve(address, config, sessions)
}

func serve(address *net.UDPAddr, config *dtls.Config, sessions *sessions) error {
	listener, err := dtls.Listen("udp4", address, config)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		if err := converse(conn.(*dtls.Conn), sessions); err != nil {
			return err
		}
		_ = conn.Close()
	}
}

// converse returns when the other side has ended the association.
func converse(conn *dtls.Conn, sessions *sessions) error {
	handshakeTime, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := conn.HandshakeContext(handshakeTime); err != nil {
		return err
	}
	state, _ := conn.ConnectionState()
	how := "full"
	if sessions.resumed.Load() {
		how = "resumed"
	}
	fmt.Printf("connected %s, %s\n", dtls.CipherSuiteName(state.CipherSuiteID), how)
	current.Store(conn)
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

// The association that there is, and whether standard input has ended.
var (
	current atomic.Pointer[dtls.Conn]
	ending  atomic.Bool
)

// sendLines sends the lines of standard input; their end ends the association, and the program.
func sendLines() {
	lines := bufio.NewReaderSize(os.Stdin, largest)
	for {
		line, err := lines.ReadBytes('\n')
		conn := current.Load()
		if err != nil {
			ending.Store(true)
			if conn != nil {
				_ = conn.Close()
			}
			os.Exit(0)
		}
		if conn == nil {
			continue
		}
		if _, err := conn.Write(line); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Print("failed: ", err)
	// What pion/dtls says of an alert that has come has no public type; its bytes are the level and the description.
	var received interface{ Marshal() ([]byte, error) }
	if errors.As(err, &received) {
		if alert, err := received.Marshal(); err == nil {
			fmt.Print(", alert ", alert[len(alert)-1])
		}
	}
	fmt.Println()
	os.Exit(1)
}
