package analysis

// Shed counts what was left out since the machine could not keep up. What is
// counted always comes first; the text that viewers read goes first.
type Shed struct {
	Unshown  int `json:"unshown" doc:"Messages counted and not shown to viewers, since the server could not keep up"`
	Unjudged int `json:"unjudged" doc:"Messages neither judged nor counted in total, since the server could not keep up"`
}

// AddShed counts what was left out.
func (s *Session) AddShed(more Shed) {
	s.shed.Unshown += more.Unshown
	s.shed.Unjudged += more.Unjudged
	s.shedDirty = true
}

// Shed tells what was left out.
func (s *Session) Shed() Shed { return s.shed }

const shedPart = "shed"

// saveShed saves what was left out. Where that is nothing, as almost everywhere,
// there is no such part.
func (s *Session) saveShed(w *partWriter) {
	if s.shed == (Shed{}) || !s.shedDirty && !w.all {
		return
	}
	e := w.begin()
	e.int(int64(s.shed.Unshown))
	e.int(int64(s.shed.Unjudged))
	w.end(shedPart)
	s.shedDirty = false
}

func (r *restorer) shed(s *Session) {
	if _, ok := r.parts[shedPart]; !ok {
		return
	}
	r.read(shedPart, func(d *decoder) { s.shed = Shed{Unshown: d.count(), Unjudged: d.count()} })
}
