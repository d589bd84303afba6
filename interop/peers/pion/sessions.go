package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pion/dtls/v3"
)

// sessions keeps sessions in memory, and those of a client in a file, when it has a name. It tells whether a handshake has resumed
// one of them, which pion/dtls does not: it has when its secret, from the key log, is one that was asked for.
type sessions struct {
	file    string
	byKey   map[string]dtls.Session
	offered [][]byte
	resumed atomic.Bool
	mutex   sync.Mutex
}

func (s *sessions) load() error {
	if s.file == "" {
		return nil
	}
	stored, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(stored, &s.byKey)
}

func (s *sessions) Set(key []byte, session dtls.Session) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.byKey[string(key)] = session
	if s.file == "" {
		return nil
	}
	stored, err := json.Marshal(s.byKey)
	if err != nil {
		return err
	}
	return os.WriteFile(s.file, stored, 0o600)
}

func (s *sessions) Get(key []byte) (dtls.Session, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	session := s.byKey[string(key)]
	s.offered = append(s.offered, session.Secret)
	return session, nil
}

func (s *sessions) Del(key []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.byKey, string(key))
	return nil
}

// Write takes a line of the key log: a label, the client's random, the secret.
func (s *sessions) Write(line []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	fields := strings.Fields(string(line))
	secret, err := hex.DecodeString(fields[len(fields)-1])
	if err != nil {
		return 0, err
	}
	s.resumed.Store(slices.ContainsFunc(s.offered, func(each []byte) bool { return bytes.Equal(each, secret) }))
	return len(line), nil
}
