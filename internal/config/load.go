package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/joho/godotenv"
)

// maxDotenvBytes bounds the .env file; a larger one is no configuration.
const maxDotenvBytes = 1 << 20

// Faults are all that is wrong with a configuration, each naming the variable,
// what is wrong and what would be right.
type Faults []string

// Error lists the faults, one a line.
func (f Faults) Error() string {
	if len(f) == 1 {
		return "configuration: " + f[0]
	}
	return fmt.Sprintf("configuration: %d faults:\n  - %s", len(f), strings.Join(f, "\n  - "))
}

// Load reads the configuration from the environment (lookup, such as
// [os.LookupEnv]) and, for what it does not set, from the file dotenv ("" for
// none; a missing file is no fault). All faults are returned together as
// [Faults].
func Load(lookup func(string) (string, bool), dotenv string) (*Config, error) {
	file, err := readDotenv(dotenv)
	if err != nil {
		return nil, Faults{err.Error()}
	}
	both := func(name string) (string, bool) {
		if v, ok := lookup(name); ok {
			return v, true
		}
		v, ok := file[name]
		return v, ok
	}
	var c Config
	var faults Faults
	for _, o := range options() {
		value, ok := both(o.Name)
		value = strings.TrimSpace(value)
		if !ok || value == "" {
			value = o.Default
		}
		if value == "" {
			continue
		}
		if err := o.set(reflect.ValueOf(&c).Elem().Field(o.index), value); err != nil {
			shown := strconv.Quote(value)
			if o.Secret {
				shown = "set to something"
			}
			faults = append(faults, fmt.Sprintf("%s is %s: %v", o.Name, shown, err))
		}
	}
	faults = append(faults, c.finish(both)...)
	if len(faults) > 0 {
		return nil, faults
	}
	return &c, nil
}

func readDotenv(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	case info.Size() > maxDotenvBytes:
		return nil, fmt.Errorf("%s has %d bytes: a file of settings is much smaller; is it the right one?", path, info.Size())
	}
	values, err := godotenv.Read(path)
	if err != nil {
		// The parser's error repeats the line, which may hold a secret.
		return nil, fmt.Errorf("%s is not written as lines of NAME=value", path)
	}
	return values, nil
}

// Option is one setting, as the struct's tags tell.
type Option struct {
	Name    string
	Default string
	Help    string
	Secret  bool

	values   []string
	min, max int64
	index    int
	kind     reflect.Type
}

// options lists the settings in the order of the struct.
func options() []Option {
	t := reflect.TypeFor[Config]()
	list := make([]Option, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("env") == "" {
			continue // no setting
		}
		o := Option{
			Name: f.Tag.Get("env"), Default: f.Tag.Get("default"), Help: f.Tag.Get("help"),
			Secret: f.Tag.Get("secret") == "true", index: i, kind: f.Type,
		}
		if v := f.Tag.Get("values"); v != "" {
			o.values = strings.Split(v, "|")
		}
		// Bounds in tags are constants of this package; config_test proves that they parse.
		o.min, _ = strconv.ParseInt(f.Tag.Get("min"), 10, 64)
		o.max, _ = strconv.ParseInt(f.Tag.Get("max"), 10, 64)
		list = append(list, o)
	}
	return list
}

// set parses text into the field.
func (o Option) set(field reflect.Value, text string) error {
	switch o.kind {
	case reflect.TypeFor[string]():
		if len(o.values) > 0 {
			text = strings.ToLower(text)
			if !oneOf(text, o.values...) {
				return fmt.Errorf("it must be %s", strings.Join(o.values, " or "))
			}
		}
		field.SetString(text)
	case reflect.TypeFor[int]():
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < o.min || n > o.max {
			return fmt.Errorf("it must be a whole number from %d to %d", o.min, o.max)
		}
		field.SetInt(n)
	case reflect.TypeFor[float64]():
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f >= float64(o.min) && f <= float64(o.max)) { // and no NaN
			return fmt.Errorf("it must be a number from %d to %d", o.min, o.max)
		}
		field.SetFloat(f)
	case reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		lo, hi := time.Duration(o.min)*time.Second, time.Duration(o.max)*time.Second
		if err != nil || d < lo || d > hi {
			return fmt.Errorf("it must be a length of time from %v to %v, such as 10s", lo, hi)
		}
		field.SetInt(int64(d))
	case reflect.TypeFor[Switch]():
		on, err := parseBool(text)
		if err != nil {
			return err
		}
		s := Off
		if on {
			s = On
		}
		field.Set(reflect.ValueOf(s))
	case reflect.TypeFor[slog.Level]():
		var l slog.Level
		if err := l.UnmarshalText([]byte(text)); err != nil || !oneOf(strings.ToLower(text), "debug", "info", "warn", "error") {
			return errors.New("it must be debug, info, warn or error")
		}
		field.Set(reflect.ValueOf(l))
	case reflect.TypeFor[[]string]():
		var list []string
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		field.Set(reflect.ValueOf(list))
	case reflect.TypeFor[[]netip.Prefix]():
		list, err := parsePrefixes(text)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(list))
	default:
		return fmt.Errorf("settings of type %v are not known", o.kind)
	}
	return nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "1", "true", "yes", "on":
		return true, nil
	case "0", "false", "no", "off":
		return false, nil
	}
	return false, errors.New("it must be true or false")
}

func parsePrefixes(text string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		if p, err := netip.ParsePrefix(item); err == nil {
			list = append(list, p.Masked())
			continue
		}
		a, err := netip.ParseAddr(item)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", item)
		}
		list = append(list, netip.PrefixFrom(a, a.BitLen()))
	}
	return list, nil
}

func netJoin(host string, port int) string {
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
}
