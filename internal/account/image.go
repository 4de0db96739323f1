package account

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // decoders of what people may send
	"image/jpeg"
	"image/png"
	"strings"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// The bounds of profile images.
const (
	// maxImageBytes bounds what is sent, as a data URL: 5 MB of image, as the
	// older front-end allows, in base64.
	maxImageBytes = 7 << 20
	// maxImagePixels bounds what is decoded: a small file can name any size.
	maxImagePixels = 16_000_000
	// imageSide is the longest side of what is kept, in pixels.
	imageSide = 256
	// imageQuality is of what is kept as JPEG, in percent.
	imageQuality = 85
	// maxShownImage bounds the data URLs that answers hold. What is made here is
	// smaller by far; what the older system kept may be larger, and is made small
	// at the next sign-in.
	maxShownImage = 512 << 10
)

var errImage = invalid("image", "The image must be a PNG, JPEG, GIF or WebP file as a data URL")

// ImageFile takes a data URL of an image apart; ok is false where it is none of
// the kinds that may be shown.
func ImageFile(dataURL string) (contentType string, data []byte, ok bool) {
	kind, encoded, found := strings.Cut(dataURL, ";base64,")
	contentType, isData := strings.CutPrefix(kind, "data:")
	if !found || !isData {
		return "", nil, false
	}
	switch contentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
	default:
		return "", nil, false
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(data) == 0 {
		return "", nil, false
	}
	return contentType, data, true
}

// ShownImage returns a user's profile image as answers hold it: "" where there
// is none, or one that is too large for that.
func (u *User) ShownImage() string {
	if len(u.ProfileImage) > maxShownImage {
		return ""
	}
	if _, _, ok := ImageFile(u.ProfileImage); !ok {
		return "" // the older system kept anything
	}
	return u.ProfileImage
}

// CleanImage makes an image anew: decoded, at most 256 pixels wide and high,
// and without anything else that the file held. Opaque ones become JPEG, others
// PNG, both as data URLs. What the file says of how it is to be turned is
// followed. Its errors are for people.
func CleanImage(dataURL string) (string, error) {
	if len(dataURL) > maxImageBytes {
		return "", invalid("image", "The image is too large: at most 5 MB")
	}
	_, data, ok := ImageFile(dataURL)
	if !ok {
		return "", errImage
	}
	// The size comes first: to decode it could take any amount of memory.
	head, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return "", errImage
	}
	if head.Width < 1 || head.Height < 1 || head.Width > maxImagePixels/head.Height {
		return "", invalid("image", "The image has too many pixels: at most %d million", maxImagePixels/1_000_000)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", errImage
	}
	img = shrink(img)
	if format == "jpeg" {
		img = turn(img, orientation(data))
	}
	var out bytes.Buffer
	contentType := "image/jpeg"
	if opaque, ok := img.(interface{ Opaque() bool }); ok && opaque.Opaque() {
		err = jpeg.Encode(&out, img, &jpeg.Options{Quality: imageQuality})
	} else {
		contentType = "image/png"
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img)
	}
	if err != nil {
		return "", fmt.Errorf("encoding a profile image: %w", err)
	}
	return "data:" + contentType + ";base64," + base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// shrink returns a copy with no side longer than imageSide.
func shrink(img image.Image) *image.NRGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > imageSide {
		w, h = max(1, w*imageSide/long), max(1, h*imageSide/long)
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	return out
}

// turn returns the image upright, by EXIF's number of how it lies: 1 to 8.
func turn(img image.Image, how int) image.Image {
	if how < 2 || how > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	if how >= 5 {
		out = image.NewNRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch how {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			out.SetNRGBA(tx, ty, color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA))
		}
	}
	return out
}

// SetProfileImage keeps a profile image, a data URL of a PNG, JPEG, GIF or WebP
// image, as [CleanImage] makes it; empty removes it.
func (s *Service) SetProfileImage(ctx context.Context, userID, dataURL string) (*User, error) {
	if dataURL != "" {
		var err error
		if dataURL, err = s.cleanImage(ctx, dataURL); err != nil {
			return nil, err
		}
	}
	return s.change(ctx, userID, func(u *User) error {
		u.ProfileImage = dataURL
		return nil
	})
}

// cleanImage is CleanImage, one at a time: a decoded image takes much memory.
func (s *Service) cleanImage(ctx context.Context, dataURL string) (string, error) {
	select {
	case s.images <- struct{}{}:
		defer func() { <-s.images }()
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for other images: %w", ctx.Err())
	}
	return CleanImage(dataURL)
}

// shrinkOldImage makes an image small that is too large for answers. That it
// cannot is no reason to refuse a sign-in: it stays as it is.
func (s *Service) shrinkOldImage(ctx context.Context, u *User) {
	if len(u.ProfileImage) <= maxShownImage {
		return
	}
	old := u.ProfileImage
	small, err := s.cleanImage(ctx, old)
	if err == nil {
		var changed *User
		changed, err = s.change(ctx, u.ID, func(u *User) error {
			if u.ProfileImage == old {
				u.ProfileImage = small
			}
			return nil
		})
		if err == nil {
			*u = *changed
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		s.log.WarnContext(ctx, "a large profile image could not be made small", "user", u.ID, "error", err)
	}
}
