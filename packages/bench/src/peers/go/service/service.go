// Package service answers as every server of the bench does.
package service

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	bigLength = 204_800
	linger    = 500 * time.Millisecond
)

var (
	generation = []byte(fmt.Sprintf("GENERATION %d\n", os.Getpid()))
	big        = append(generation[:len(generation):len(generation)], bytes.Repeat([]byte{'.'}, bigLength-len(generation))...)
	upgrader   = websocket.Upgrader{}
)

// Service is an HTTP server, with TLS where the environment names a certificate.
type Service struct {
	server   http.Server
	draining atomic.Bool
}

// New returns a service that does not serve yet.
func New() *Service {
	mux := http.NewServeMux()
	mux.HandleFunc("/big", whole(big))
	mux.HandleFunc("/stream", stream)
	mux.HandleFunc("/ws", echo)
	mux.HandleFunc("/", whole(generation))
	service := &Service{}
	service.server.Handler = service.announceEnd(mux)
	return service
}

// Serve accepts connections until Stop.
func (s *Service) Serve(listener net.Listener) error {
	var err error
	if cert := os.Getenv("CERT"); cert != "" {
		err = s.server.ServeTLS(listener, cert, os.Getenv("KEY"))
	} else {
		err = s.server.Serve(listener)
	}
	if err == http.ErrServerClosed {
		return nil
	}
	return err
}

// Stop shuts the server down. Shutdown of net/http closes idle connections at once. With DRAIN=drain, the service first announces its
// end with "Connection: close" for a while.
func (s *Service) Stop(listener net.Listener) {
	if os.Getenv("DRAIN") == "drain" {
		s.draining.Store(true)
		_ = listener.Close()
		time.Sleep(linger)
	}
	grace, _ := strconv.Atoi(os.Getenv("GRACE_MS"))
	deadline, cancel := context.WithTimeout(context.Background(), time.Duration(grace)*time.Millisecond)
	defer cancel()
	_ = s.server.Shutdown(deadline)
}

func (s *Service) announceEnd(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func whole(body []byte) http.HandlerFunc {
	length := strconv.Itoa(len(body))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body)
	}
}

func stream(w http.ResponseWriter, r *http.Request) {
	every, err := strconv.Atoi(r.URL.Query().Get("every"))
	if err != nil {
		every = 100
	}
	ticker := time.NewTicker(time.Duration(every) * time.Millisecond)
	defer ticker.Stop()
	flusher := http.NewResponseController(w)
	_, _ = w.Write(generation)
	for tick := 1; flusher.Flush() == nil; tick++ {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			fmt.Fprintf(w, "tick %d\n", tick)
		}
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	for {
		kind, message, err := connection.ReadMessage()
		if err != nil || connection.WriteMessage(kind, message) != nil {
			return
		}
	}
}
