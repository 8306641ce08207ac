# cmake -DIN=file -DOUT=file.cc -DNAME=function -P Embed.cmake: the bytes of IN as a function of the controller.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "#include <string_view>
namespace rampart::controller {
std::string_view ${NAME}();
std::string_view ${NAME}() {
  static constexpr unsigned char kBytes[] = {${bytes}};
  return {reinterpret_cast<const char*>(kBytes), sizeof(kBytes)};
}
}  // namespace rampart::controller
")
