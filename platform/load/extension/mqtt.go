package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/js/promises"
)

// The part of the documented module k6/x/mqtt that our scripts use, for a k6 made of nothing but
// what Go's module proxy has. A released k6 fetches the official extension by itself; the scripts
// run on either.
func init() {
	modules.Register("k6/x/mqtt", new(rootModule))
}

type rootModule struct{}

// NewModuleInstance implements modules.Module: one for each virtual user.
func (*rootModule) NewModuleInstance(vu modules.VU) modules.Instance {
	return &instance{vu: vu}
}

type instance struct{ vu modules.VU }

// Exports implements modules.Instance.
func (i *instance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"Client": i.newClient}}
}

type clientOptions struct {
	ClientID string `json:"client_id"`
	Username string `json:"username"`
	Password string `json:"password"`
}

type connectOptions struct {
	Keepalive      int64 `json:"keepalive"`       // seconds
	ConnectTimeout int64 `json:"connect_timeout"` // milliseconds
}

type publishOptions struct {
	QoS    byte `json:"qos"`
	Retain bool `json:"retain"`
}

// client is one MQTT 3.1.1 connection. Its fields belong to the virtual user's event loop.
type client struct {
	vu        modules.VU
	options   clientOptions
	listeners map[string][]sobek.Callable
	broker    paho.Client
}

func (i *instance) newClient(call sobek.ConstructorCall) *sobek.Object {
	made := &client{vu: i.vu, listeners: map[string][]sobek.Callable{}}
	made.read(call.Argument(0), &made.options)
	object := call.This
	for name, method := range map[string]any{
		"on":           made.on,
		"connect":      made.connect,
		"publishAsync": made.publishAsync,
		"end":          made.end,
	} {
		if err := object.Set(name, method); err != nil {
			common.Throw(i.vu.Runtime(), err)
		}
	}
	return nil
}

// read fills a struct from an options object; what it does not know, the official module may.
func (c *client) read(value sobek.Value, into any) {
	if common.IsNullish(value) {
		return
	}
	text, err := json.Marshal(value.Export())
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		common.Throw(c.vu.Runtime(), fmt.Errorf("mqtt options: %w", err))
	}
}

func (c *client) on(event string, listener sobek.Callable) {
	c.listeners[event] = append(c.listeners[event], listener)
}

func (c *client) emit(event string, arguments ...sobek.Value) error {
	for _, listener := range c.listeners[event] {
		if _, err := listener(sobek.Undefined(), arguments...); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) emitError(method string, failure error) error {
	runtime := c.vu.Runtime()
	told := map[string]string{"name": "MQTTError", "message": failure.Error(), "method": method}
	return c.emit("error", runtime.ToValue(told))
}

// connect returns at once; the event connect or error follows.
func (c *client) connect(address string, given sobek.Value) {
	asked := connectOptions{Keepalive: 60, ConnectTimeout: 30_000}
	c.read(given, &asked)
	parsed, err := url.Parse(address)
	if err != nil {
		common.Throw(c.vu.Runtime(), err)
	}
	if parsed.Scheme == "mqtt" {
		parsed.Scheme = "tcp"
	} else if parsed.Scheme == "mqtts" {
		parsed.Scheme = "ssl"
	}
	options := paho.NewClientOptions().
		AddBroker(parsed.String()).
		SetClientID(c.options.ClientID).
		SetUsername(c.options.Username).
		SetPassword(c.options.Password).
		SetProtocolVersion(4).
		SetKeepAlive(time.Duration(asked.Keepalive) * time.Second).
		SetConnectTimeout(time.Duration(asked.ConnectTimeout) * time.Millisecond).
		// A lost connection is a finding: what was under way fails, and the script counts it.
		SetAutoReconnect(false)
	c.broker = paho.NewClient(options)
	broker, run := c.broker, c.vu.RegisterCallback()
	go func() {
		token := broker.Connect()
		token.Wait()
		run(func() error {
			if failure := token.Error(); failure != nil {
				return c.emitError("connect", failure)
			}
			return c.emit("connect")
		})
	}()
}

// publishAsync resolves with the acknowledgement: at QoS 1 with the PUBACK.
func (c *client) publishAsync(topic string, payload sobek.Value, given sobek.Value) *sobek.Promise {
	asked := publishOptions{}
	c.read(given, &asked)
	bytes, err := common.ToBytes(payload.Export())
	if err != nil {
		common.Throw(c.vu.Runtime(), err)
	}
	promise, resolve, reject := promises.New(c.vu)
	if c.broker == nil {
		reject(fmt.Errorf("publish before connect"))
		return promise
	}
	token := c.broker.Publish(topic, asked.QoS, asked.Retain, bytes)
	context := c.vu.Context()
	go func() {
		select {
		case <-token.Done():
			if failure := token.Error(); failure != nil {
				reject(failure)
			} else {
				resolve(sobek.Undefined())
			}
		case <-context.Done():
			reject(context.Err())
		}
	}()
	return promise
}

// How long a DISCONNECT may take to be written, milliseconds.
const disconnectQuiesce = 50

func (c *client) end() {
	if c.broker == nil {
		return
	}
	broker, run := c.broker, c.vu.RegisterCallback()
	c.broker = nil
	go func() {
		broker.Disconnect(disconnectQuiesce)
		run(func() error { return c.emit("end") })
	}()
}
