package account_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"chatmood/internal/account"
)

// picture is blue, with a red upper left quarter, and clear at the lower right
// when it is to show through.
func picture(w, h int, clear bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{0, 0, 255, 255})
			if x < w/2 && y < h/2 {
				img.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
			}
		}
	}
	if clear {
		img.SetNRGBA(w-1, h-1, color.NRGBA{})
	}
	return img
}

func dataURL(t testing.TB, kind string, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, img)
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	}
	noError(t, err)
	return asURL(kind, b.Bytes())
}

func asURL(kind string, data []byte) string {
	return "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// decode reads an image that was made.
func decode(t testing.TB, url string) (image.Image, string) {
	t.Helper()
	_, data, ok := account.ImageFile(url)
	if !ok {
		t.Fatalf("no image: %.60s", url)
	}
	img, kind, err := image.Decode(bytes.NewReader(data))
	noError(t, err)
	return img, kind
}

// isRed tells red from blue, whatever a lossy encoding made of it.
func isRed(c color.Color) bool {
	r, _, b, _ := c.RGBA()
	return r > b
}

func TestCleanImage(t *testing.T) {
	// A WebP of one pixel, as cwebp writes it.
	webp, err := base64.StdEncoding.DecodeString("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAwA0JaQAA3AA/vuUAAA=")
	noError(t, err)
	for name, tc := range map[string]struct {
		url, kind string
		w, h      int
	}{
		"small png":        {dataURL(t, "png", picture(8, 6, false)), "jpeg", 8, 6},
		"see-through png":  {dataURL(t, "png", picture(8, 6, true)), "png", 8, 6},
		"large jpeg":       {dataURL(t, "jpeg", picture(1000, 500, false)), "jpeg", 256, 128},
		"tall gif":         {dataURL(t, "gif", picture(100, 600, false)), "jpeg", 42, 256},
		"a line":           {dataURL(t, "png", picture(3000, 2, false)), "jpeg", 256, 1},
		"webp":             {asURL("webp", webp), "jpeg", 1, 1},
		"named otherwise":  {strings.Replace(dataURL(t, "png", picture(4, 4, false)), "image/png", "image/jpeg", 1), "jpeg", 4, 4},
		"already as it is": {mustClean(t, dataURL(t, "png", picture(256, 256, false))), "jpeg", 256, 256},
	} {
		got, err := account.CleanImage(tc.url)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		img, kind := decode(t, got)
		if b := img.Bounds(); b.Dx() != tc.w || b.Dy() != tc.h || kind != tc.kind {
			t.Errorf("%s: %s of %v, want %s of %d × %d", name, kind, b, tc.kind, tc.w, tc.h)
		}
	}
}

func mustClean(t testing.TB, url string) string {
	t.Helper()
	got, err := account.CleanImage(url)
	noError(t, err)
	return got
}

// bomb is a PNG file of a few bytes that claims to be huge.
func bomb(w, h uint32) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	head = append(binary.BigEndian.AppendUint32(head, h), 8, 6, 0, 0, 0)
	b.Write(binary.BigEndian.AppendUint32(nil, 13))
	b.Write(head)
	b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(head)))
	return b.Bytes()
}

func TestCleanImageRefuses(t *testing.T) {
	whole := dataURL(t, "png", picture(40, 40, false))
	_, data, _ := account.ImageFile(whole)
	for name, url := range map[string]string{
		"nothing": "", "no data URL": "https://example.org/x.png", "a page": "data:text/html;base64,PHA+", "a drawing": "data:image/svg+xml;base64,PHN2Zy8+",
		"no base64": "data:image/png;base64,%%%", "empty": "data:image/png;base64,", "no image": asURL("png", []byte("hello")), "cut off": asURL("png", data[:len(data)/2]),
		"a bomb": asURL("png", bomb(60_000, 60_000)), "a long bomb": asURL("png", bomb(1<<30, 2)), "too long": "data:image/png;base64," + strings.Repeat("A", 7<<20),
	} {
		got, err := account.CleanImage(url)
		if e := account.AsError(err); e == nil || e.Kind != account.KindInvalid || e.Field != "image" {
			t.Errorf("%s: %.40q, error %v, want one for people", name, got, err)
		}
	}
}

// turned is a JPEG with a note of how it lies.
func turned(t testing.TB, how byte, order binary.AppendByteOrder, mark string) string {
	t.Helper()
	_, data, _ := account.ImageFile(dataURL(t, "jpeg", picture(80, 40, false)))
	tiff := append([]byte(mark), order.AppendUint32(nil, 8)...)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(tiff, 0x0112)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = append(order.AppendUint16(tiff, uint16(how)), 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, data[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	out = append(out, segment...)
	return asURL("jpeg", append(out, data[2:]...))
}

// TestImageLies: the red corner comes where the camera says that it belongs.
func TestImageLies(t *testing.T) {
	for how, corner := range []string{1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"} {
		if how == 0 {
			continue
		}
		for _, url := range []string{turned(t, byte(how), binary.LittleEndian, "II*\x00"), turned(t, byte(how), binary.BigEndian, "MM\x00*")} {
			img, _ := decode(t, mustClean(t, url))
			b := img.Bounds()
			if wide := b.Dx() > b.Dy(); wide != (how < 5) {
				t.Errorf("%d: it is %v", how, b)
			}
			at := map[string]image.Point{"tl": {8, 8}, "tr": {b.Dx() - 8, 8}, "bl": {8, b.Dy() - 8}, "br": {b.Dx() - 8, b.Dy() - 8}}
			for name, p := range at {
				if got := isRed(img.At(p.X, p.Y)); got != (name == corner) {
					t.Errorf("%d: red at %s is %v, want it at %s", how, name, got, corner)
				}
			}
		}
	}
}

// TestOldImage: what the older system kept too large is made small at the next
// sign-in; what is no image is not shown.
func TestOldImage(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	noisy := image.NewNRGBA(image.Rect(0, 0, 700, 700))
	chance := rand.NewPCG(1, 2) // so that it does not compress
	for i := range noisy.Pix {
		noisy.Pix[i] = byte(chance.Uint64())
	}
	large := dataURL(t, "png", noisy)
	w.edit(t, u.ID, func(u *account.User) { u.ProfileImage = large })
	if u, err := w.User(t.Context(), u.ID); err != nil || u.ShownImage() != "" || len(large) < 512<<10 {
		t.Fatalf("an image of %d bytes is shown: %v", len(large), err)
	}
	w.login(t, u.Email, password)
	u, err := w.User(t.Context(), u.ID)
	noError(t, err)
	if img, _ := decode(t, u.ShownImage()); img.Bounds().Dx() != 256 {
		t.Errorf("it is %v", img.Bounds())
	}
	w.edit(t, u.ID, func(u *account.User) { u.ProfileImage = `{"an":"object"}` })
	w.login(t, u.Email, password)
	if u, err := w.User(t.Context(), u.ID); err != nil || u.ShownImage() != "" {
		t.Errorf("what is no image is shown: %v", err)
	}
}

func FuzzCleanImage(f *testing.F) {
	for _, seed := range []string{dataURL(f, "png", picture(8, 6, true)), dataURL(f, "gif", picture(8, 6, false)), turned(f, 6, binary.LittleEndian, "II*\x00"), asURL("png", bomb(9, 9))} {
		_, data, _ := account.ImageFile(seed)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := account.CleanImage(asURL("png", data))
		if err != nil {
			if account.AsError(err) == nil {
				t.Errorf("error %v is not for people", err)
			}
			return
		}
		if img, _ := decode(t, got); img.Bounds().Dx() > 256 || img.Bounds().Dy() > 256 {
			t.Errorf("it is %v", img.Bounds())
		}
	})
}
