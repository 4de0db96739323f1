package config

import (
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strings"
)

// Print writes the effective configuration as NAME=value lines. Of a secret it
// tells only whether it is set.
func (c *Config) Print(w io.Writer) error {
	v := reflect.ValueOf(c).Elem()
	for _, o := range options() {
		text := format(v.Field(o.index))
		if o.Secret {
			if text = "(not set)"; !v.Field(o.index).IsZero() {
				text = "(set)"
			}
		}
		if _, err := fmt.Fprintf(w, "%s=%s\n", o.Name, text); err != nil {
			return err
		}
	}
	return nil
}

func format(v reflect.Value) string {
	if list, ok := v.Interface().([]netip.Prefix); ok {
		parts := make([]string, len(list))
		for i, p := range list {
			parts[i] = p.String()
		}
		return strings.Join(parts, ",")
	}
	if list, ok := v.Interface().([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(v.Interface())
}

// WriteDoc writes the table of all settings in Markdown, as the README shows it.
func WriteDoc(w io.Writer) error {
	if _, err := io.WriteString(w, "| variable | default | what it is for |\n| --- | --- | --- |\n"); err != nil {
		return err
	}
	for _, o := range options() {
		def := "–"
		if o.Default != "" {
			def = "`" + o.Default + "`"
		}
		if _, err := fmt.Fprintf(w, "| `%s` | %s | %s |\n", o.Name, def, strings.ReplaceAll(o.Help, "|", `\|`)); err != nil {
			return err
		}
	}
	return nil
}
