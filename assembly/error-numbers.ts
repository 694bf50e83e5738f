// Error numbers of 4.4BSD and its descendants as those of Linux. Only kernel records that go
// through the seam as they are bring them here; all results are Linux's already.

/** The first 34 are those of Version 7 and the same, but for EDEADLK and EAGAIN. */
export function linuxError(error: i32): i32 {
  if (error == 11) return 35;
  if (error < 35) return error;
  // ENOTSOCK to ESHUTDOWN, ETIMEDOUT, ECONNREFUSED; EHOSTDOWN, EHOSTUNREACH.
  if ((error >= 38 && error <= 58) || error == 60 || error == 61) return error + 50;
  if (error == 64 || error == 65) return error + 48;
  switch (error) {
    case 35: // EAGAIN
      return 11;
    case 36: // EINPROGRESS
      return 115;
    case 37: // EALREADY
      return 114;
    case 62: // ELOOP
      return 40;
    case 63: // ENAMETOOLONG
      return 36;
    case 66: // ENOTEMPTY
      return 39;
    case 69: // EDQUOT
      return 122;
    case 78: // ENOSYS
      return 38;
    default: // EIO
      return 5;
  }
}
