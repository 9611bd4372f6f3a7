/** Elements that a line goes on through; so do custom ones, until they say otherwise, and of SVG `tspan` and `textPath`. */
export const INLINE =
  /^([abiqsu]|abbr|bd[io]|cite|code|data|del|dfn|em|font|ins|kbd|label|mark|r[bpt]|ruby|samp|small|t?span|strong|su[bp]|time|tt|var|wbr|.*[-P].*)$/;
