package account

import "encoding/binary"

// orientation returns how a JPEG file says that its image lies, EXIF's 1 to 8;
// 0 where it does not say (CIPA DC-008, 4.6.4, tag 0x0112).
func orientation(jpeg []byte) int {
	const (
		startOfScan = 0xda
		app1        = 0xe1
	)
	for at := 2; at+4 <= len(jpeg) && jpeg[at] == 0xff; {
		marker, size := jpeg[at+1], int(binary.BigEndian.Uint16(jpeg[at+2:]))
		if marker == startOfScan || size < 2 || at+2+size > len(jpeg) {
			return 0
		}
		segment := jpeg[at+4 : at+2+size]
		if marker == app1 && len(segment) > 6 && string(segment[:6]) == "Exif\x00\x00" {
			return tiffOrientation(segment[6:])
		}
		at += 2 + size
	}
	return 0
}

// tiffOrientation looks through the first directory of EXIF data.
func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	const (
		entry = 12 // bytes of each
		tag   = 0x0112
		short = 3 // the type
	)
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0
	}
	n := int(order.Uint16(tiff[at:]))
	at += 2
	for range n {
		if at+entry > uint64(len(tiff)) {
			return 0
		}
		e := tiff[at : at+entry]
		if order.Uint16(e) == tag && order.Uint16(e[2:]) == short {
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 0
		}
		at += entry
	}
	return 0
}
