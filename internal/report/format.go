package report

import (
	"fmt"
	"strings"
)

// Format is a form that a report is written in.
type Format string

// The formats.
const (
	PDF      Format = "pdf"
	HTML     Format = "html"
	CSV      Format = "csv"
	JSON     Format = "json"
	Markdown Format = "md"
	Text     Format = "text"
)

// Formats returns all formats, those for people first.
func Formats() []Format { return []Format{PDF, HTML, Markdown, Text, CSV, JSON} }

// ParseFormat reads the name of a format, whatever its case; "markdown" and
// "txt" are taken too. The error names the formats that exist.
func ParseFormat(s string) (Format, error) {
	switch f := Format(strings.ToLower(s)); f {
	case PDF, HTML, CSV, JSON, Markdown, Text:
		return f, nil
	case "markdown":
		return Markdown, nil
	case "txt":
		return Text, nil
	}
	return "", fmt.Errorf("there is no report format %.40q: take pdf, html, csv, json, md or text", s)
}

// ContentType returns the media type of the format.
func (f Format) ContentType() string {
	switch f {
	case PDF:
		return "application/pdf"
	case HTML:
		return "text/html; charset=utf-8"
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case JSON:
		return "application/json"
	case Markdown:
		return "text/markdown; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// Extension returns the end of the names of files of the format, with its dot.
func (f Format) Extension() string {
	if f == Text {
		return ".txt"
	}
	return "." + string(f)
}

// Paper is the size of the pages of a PDF.
type Paper string

// The sizes of paper.
const (
	A4     Paper = "a4"     // 210 × 297 mm
	Letter Paper = "letter" // 8.5 × 11 inches
)

// ParsePaper reads the name of a size of paper, whatever its case; "" is A4.
func ParsePaper(s string) (Paper, error) {
	switch p := Paper(strings.ToLower(s)); p {
	case A4, Letter:
		return p, nil
	case "":
		return A4, nil
	}
	return "", fmt.Errorf("there is no paper %.40q: take a4 or letter", s)
}

// Chatters says how the people who wrote are shown.
type Chatters string

// The ways to show chatters.
const (
	Names      Chatters = "names"
	Pseudonyms Chatters = "pseudonyms" // "Chatter 1", the same person always by the same one
	NoChatters Chatters = "none"       // nobody is named, the lists of people are left out
)

// ParseChatters reads how chatters are shown, whatever its case; "" is Names.
func ParseChatters(s string) (Chatters, error) {
	switch c := Chatters(strings.ToLower(s)); c {
	case Names, Pseudonyms, NoChatters:
		return c, nil
	case "":
		return Names, nil
	}
	return "", fmt.Errorf("chatters cannot be shown as %.40q: take names, pseudonyms or none", s)
}

// Section is a table of the CSV form.
type Section string

// The sections of the CSV form; docs/reports.md describes their columns.
const (
	SectionTimeline Section = "timeline"
	SectionSummary  Section = "summary"
	SectionChatters Section = "chatters"
	SectionTerms    Section = "terms"
	SectionEmotes   Section = "emotes"
	SectionMoments  Section = "moments"
)

// ParseSection reads the name of a section, whatever its case; "" is
// SectionTimeline.
func ParseSection(s string) (Section, error) {
	switch c := Section(strings.ToLower(s)); c {
	case SectionTimeline, SectionSummary, SectionChatters, SectionTerms, SectionEmotes, SectionMoments:
		return c, nil
	case "":
		return SectionTimeline, nil
	}
	return "", fmt.Errorf("there is no section %.40q: take timeline, summary, chatters, terms, emotes or moments", s)
}
