/** Elements that a line goes on through; so do custom ones, until they say otherwise. */
export const INLINE =
  /^(a|abbr|b|bd[io]|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|q|r[bpt]|ruby|s|samp|small|span|strong|su[bp]|time|tt|u|var|wbr|.*-.*)$/;
